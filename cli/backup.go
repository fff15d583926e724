package cli

import (
	"os"

	"doorstep"
)

// backupVerb copies the database.
type backupVerb struct {
	File string `arg:"" help:"Where the copy goes. It must not exist yet."`
}

// Help is the detail of the verb's help.
func (backupVerb) Help() string {
	return `The copy is the database as it is at one moment, complete and synced when the command ends. Orders go on meanwhile, also in another process. For PostgreSQL use its own tools (pg_dump, pg_basebackup).

Examples:

    doorstep backup doorstep-monday.db
    doorstep --db /srv/shop.db backup /mnt/copies/shop.db`
}

// backedUp is what a backup came to.
type backedUp struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// Run makes the backup.
func (v *backupVerb) Run(s *session) error {
	if err := s.reading(func(shop *doorstep.Shop) error { return shop.DB.Backup(s.ctx, v.File) }); err != nil {
		return err
	}
	info, err := os.Stat(v.File)
	if err != nil {
		return err
	}
	done := backedUp{File: v.File, Bytes: info.Size()}
	return s.out.show(done, func() { s.out.printf("Copied %s to %s (%d bytes).\n", databaseName(s.flags.DB), done.File, done.Bytes) })
}
