package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations run in order, each once, inside a transaction. Never change one
// that was released; append. Portable SQL only: PostgreSQL comes later.
var migrations = []string{
	`CREATE TABLE items(kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind,key)) WITHOUT ROWID`,
}

func migrate(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations(version INTEGER PRIMARY KEY)`); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	var done int
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version),0) FROM migrations`).Scan(&done); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if done > len(migrations) {
		return fmt.Errorf("the data directory was written by a newer Sallyport (schema %d, this one knows %d): use that version, or another --data directory", done, len(migrations))
	}
	for i := done; i < len(migrations); i++ {
		if err := apply(ctx, db, i); err != nil {
			return fmt.Errorf("state: migration %d: %w", i+1, err)
		}
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, i int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, migrations[i]); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO migrations(version) VALUES(?)`, i+1); err != nil {
		return err
	}
	return tx.Commit()
}
