package dbtest

import "testing"

type server struct{}

func serverOf(t testing.TB) *server {
	t.Helper()
	t.Fatal("PostgreSQL comes with the next commit")
	return nil
}

func (s *server) database(testing.TB) string { return "" }
