package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"doorstep/cli/intake"
	"doorstep/internal/db/dbtest"
)

// TestFullDisk runs the real program on a disk of a few MiB until that is full:
// writes are refused, reads go on, nothing that was acknowledged is lost, and
// when there is room again, work goes on by itself.
//
// The disk is a tmpfs, which only this test sees: it runs once more, in a mount
// namespace of its own, which ends with it in whatever way.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(ownMounts) == "" {
		withOwnMounts(t)
		return
	}
	program := build(t)
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := onDisk(t, program, engine)
		s.part = parts(engine)[0]
		s.setPolicy(s.part.policy)
		c := s.start()
		s.attend("a full disk", func() {
			for len(s.book.waiting) < window {
				s.place()
			}
			s.send(c)
		}, func() bool { return c.ended || s.disk.refused >= 3*window })
		s.mayBeRead()
		accepted := s.disk.accepted
		s.must(s.disk.giveBack())
		s.attend("work to go on", func() { s.send(c) }, func() bool { return c.ended || s.disk.accepted > accepted })
		s.settle(c)
		s.stop(c)
		s.audit()
		s.Logf("full after %d answers; %d orders, %d commands in the end", accepted, s.placed, len(s.book.all))
	})
}

// The size of the disk, and how much of it is kept for later. PostgreSQL keeps
// the tables alone on it: with its log there, which it can not go on without, it
// would stop altogether, and start again when there is room.
const (
	mib   = 1 << 20
	small = 8 * mib
	later = 3 * mib
)

// onDisk is a shop on a disk of its own. The providers' books lie elsewhere.
func onDisk(t *testing.T, program, engine string) *shop {
	t.Helper()
	d := &disk{dir: t.TempDir()}
	if err := syscall.Mount("doorstep-test", d.dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d", small)); err != nil {
		t.Fatalf("%s: mount a tmpfs: %v", needsMounts, err)
	}
	t.Cleanup(func() {
		// What still holds a file open there is about to end as well.
		if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := d.reserve(later); err != nil {
		t.Fatal(err)
	}
	url := filepath.Join(d.dir, "shop.db")
	if engine == dbtest.Postgres {
		tables := filepath.Join(d.dir, "tables")
		if err := errors.Join(os.Mkdir(tables, 0o700), os.Chmod(d.dir, 0o755), os.Chmod(filepath.Dir(d.dir), 0o755)); err != nil {
			t.Fatal(err)
		}
		url = dbtest.URLIn(t, tables)
	}
	s := newShopAt(t, program, engine, url)
	s.disk = d
	return s
}

// mayBeRead reads by the program's own verbs, beside the one that serves: every
// order that was acknowledged is there, and the books agree with each other.
func (s *shop) mayBeRead() {
	s.Helper()
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(s.run("order", "list", "--limit", "1000000"), &list); err != nil {
		s.Fatal(err)
	}
	there := map[string]bool{}
	for _, o := range list.Items {
		there[o.ID] = true
	}
	for _, k := range s.book.acknowledged(intake.Place) {
		if !there[k.answer.Order] {
			s.Errorf("%s was acknowledged and is not there on the full disk", k.answer.Order)
		}
	}
	s.run("verify")
}

// run runs a verb of the program that has to succeed.
func (s *shop) run(verb ...string) []byte {
	s.Helper()
	out, err := exec.Command(s.program, append(verb, "--json", "--db", s.url)...).Output()
	if err != nil {
		var said []byte
		if ended, ok := errors.AsType[*exec.ExitError](err); ok {
			said = ended.Stderr
		}
		s.Fatalf("doorstep %v: %v\n%s%s", verb, err, out, said)
	}
	return out
}

const (
	ownMounts   = "DOORSTEP_TEST_OWN_MOUNTS"
	needsMounts = "this test needs a small disk, for which it mounts a tmpfs in a mount namespace of its own: " +
		"run it as root with CAP_SYS_ADMIN, or where users may make namespaces (unshare -Urm)"
)

// withOwnMounts runs the calling test in a mount namespace of its own: as root
// may make one, or else in a user namespace with it.
func withOwnMounts(t *testing.T) {
	t.Helper()
	err := inNamespace(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS})
	if errors.Is(err, syscall.EPERM) {
		err = inNamespace(t, asMyself())
	}
	if errors.Is(err, syscall.EPERM) {
		t.Fatalf("%s: %v", needsMounts, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// asMyself makes a user namespace in which this user stays who they are, for
// PostgreSQL refuses to be root's, and may mount. Root brings the users along
// among whom is the one that PostgreSQL runs as.
func asMyself() *syscall.SysProcAttr {
	users := 1
	if os.Geteuid() == 0 {
		users = 1 << 16
	}
	const sysAdmin = 21 // CAP_SYS_ADMIN: capabilities(7)
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: users}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: users}},
		AmbientCaps: []uintptr{sysAdmin},

		GidMappingsEnableSetgroups: users > 1,
	}
}

func inNamespace(t *testing.T, attr *syscall.SysProcAttr) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), ownMounts+"=1")
	attr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	return err
}
