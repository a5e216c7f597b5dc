package sqs

// heap is a binary heap of pointers that know their place, so that anything can
// be taken out of the middle.
type heap[T any] struct {
	items []*T
	less  func(a, b *T) bool
	place func(*T) *int32
}

func (h *heap[T]) len() int { return len(h.items) }

// first is the least item; there must be one.
func (h *heap[T]) first() *T { return h.items[0] }

func (h *heap[T]) push(x *T) {
	h.items = append(h.items, x)
	*h.place(x) = int32(len(h.items) - 1)
	h.up(len(h.items) - 1)
}

func (h *heap[T]) pop() *T {
	x := h.items[0]
	h.remove(x)
	return x
}

// remove takes out an item that is in this heap.
func (h *heap[T]) remove(x *T) {
	i, last := int(*h.place(x)), len(h.items)-1
	h.swap(i, last)
	h.items[last] = nil
	h.items = h.items[:last]
	if i < last {
		h.down(i)
		h.up(i)
	}
}

// fix restores the order after an item changed.
func (h *heap[T]) fix(x *T) {
	i := int(*h.place(x))
	h.down(i)
	h.up(i)
}

func (h *heap[T]) swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	*h.place(h.items[i]), *h.place(h.items[j]) = int32(i), int32(j)
}

func (h *heap[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(h.items[i], h.items[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *heap[T]) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h.items); child++ {
			if h.less(h.items[child], h.items[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}
