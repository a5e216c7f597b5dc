package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// blob is a ciphertext: a head, the id of its key, and what AES-256-GCM made of
// the plaintext. Head, id and encryption context are its additional data, so that
// a ciphertext opens with its own key and context only.
type blob []byte

// blobHead begins every ciphertext; it says what the rest looks like.
const blobHead = "\x01\x02"

const blobID = len(blobHead) + 16

// gcmRoom is what sealing adds: nonce and tag.
const gcmRoom = 12 + 16

func readBlob(raw []byte) (blob, bool) {
	return raw, len(raw) >= blobID+gcmRoom && string(raw[:len(blobHead)]) == blobHead
}

// id is the key's.
func (b blob) id() string { return textID(b[len(blobHead):blobID]) }

// cipherOf opens a key's material.
func (s *Service) cipherOf(k *key) (cipher.AEAD, error) {
	material, err := s.master.Open(k.Material, []byte(k.ref().arn()))
	if err != nil {
		return nil, fmt.Errorf("kms: the material of %s is sealed with another master key: %w", k.ref().arn(), err)
	}
	block, err := aes.NewCipher(material)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s *Service) seal(k *key, plaintext []byte, context map[string]string) ([]byte, error) {
	aead, err := s.cipherOf(k)
	if err != nil {
		return nil, err
	}
	id, ok := rawID(k.ID)
	if !ok {
		return nil, fmt.Errorf("kms: the key id %q is no UUID", k.ID)
	}
	head := append([]byte(blobHead), id[:]...)
	return aead.Seal(head, nil, plaintext, bound(head, context)), nil
}

// open gives the plaintext; the error of a ciphertext that is not one of the
// key's, or not of the context, is AWS's.
func (s *Service) open(k *key, b blob, context map[string]string) ([]byte, error) {
	aead, err := s.cipherOf(k)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, b[blobID:], bound(b[:blobID], context))
	if err != nil {
		return nil, badCiphertext()
	}
	return plain, nil
}

// bound is what a ciphertext is bound to: its head, and the pairs of the context
// in order, each with its length so that no two contexts read the same.
func bound(head []byte, context map[string]string) []byte {
	out := slices.Clone(head)
	for _, k := range slices.Sorted(maps.Keys(context)) {
		for _, part := range []string{k, context[k]} {
			out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
			out = append(out, part...)
		}
	}
	return out
}
