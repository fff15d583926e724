package process_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
)

// TestEveryUseCaseHasAScope reads the names under which use cases are carried out, and
// looks for each in the table of scopes.
func TestEveryUseCaseHasAScope(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	must(t, err)
	var named []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				named = append(named, useCaseOf(call)...)
			}
			return true
		})
	}
	if len(named) < 35 {
		t.Fatalf("only %d use cases were found: %v", len(named), named)
	}
	for _, name := range named {
		if !slices.Contains(process.UseCases(), name) {
			t.Errorf("the use case %s has no scope", name)
		}
	}
}

// useCaseOf returns the name with which a call carries out a use case.
func useCaseOf(call *ast.CallExpr) []string {
	called := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		called = f.Name
	case *ast.SelectorExpr:
		called = f.Sel.Name
	}
	if !slices.Contains([]string{"once", "change", "changeTicket", "judge"}, called) {
		return nil
	}
	for _, arg := range call.Args {
		if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			name, _ := strconv.Unquote(lit.Value)
			return []string{name}
		}
	}
	return nil
}

func TestAKeyDoesWhatItsScopesAllow(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		ctx := t.Context()
		with := func(scopes ...access.Scope) process.Command {
			return process.Command{By: "key:made_up", May: access.Limit(scopes...)}
		}
		if _, err := s.Place(ctx, with(access.Read, access.Stock, access.Tickets, access.Refunds), request(1, "CUP")); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("without the scope an order was placed: %v", err)
		}
		if _, err := s.Place(ctx, with(access.Orders), request(1, "CUP")); err != nil {
			t.Errorf("with the scope: %v", err)
		}
		if _, err := s.AddKey(ctx, with(access.Orders, access.Read), access.KeyRequest{Name: "made up", Scopes: []access.Scope{access.Read}}); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("a key that is no administrator's has made a key: %v", err)
		}
		if _, err := s.AddKey(ctx, with(access.Admin), access.KeyRequest{Name: "made up", Scopes: []access.Scope{access.Read}}); err != nil {
			t.Errorf("an administrator's key: %v", err)
		}
		if _, err := s.AddKey(ctx, process.Command{By: "key:made_up", May: access.Limit()}, access.KeyRequest{}); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("a permit for nothing allows something: %v", err)
		}
	})
}

func TestAnAPIKey(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine, config{})
		ctx := t.Context()
		by := process.Command{By: access.Operator, Key: "make a key"}
		q := access.KeyRequest{Name: "web shop", Scopes: []access.Scope{access.Stock, access.Read, access.Read}, ExpiresAt: s.clock.Now().Add(day)}
		made, err := s.AddKey(ctx, by, q)
		must(t, err)
		if got := made.Value.Scopes; !slices.Equal(got, []access.Scope{access.Read, access.Stock}) {
			t.Errorf("its scopes are %v", got)
		}
		again, err := s.AddKey(ctx, by, q)
		must(t, err)
		if !again.Replayed || again.Value.ID != made.Value.ID || again.Value.Secret != "" {
			t.Errorf("asked again: %+v", again)
		}
		valid := func() bool {
			k, valid, err := s.KeyBySecret(ctx, made.Value.Secret)
			must(t, err)
			if k.ID != "" && k.ID != made.Value.ID {
				t.Errorf("the secret opens %s", k.ID)
			}
			return valid
		}
		if !valid() {
			t.Error("a new key can not be used")
		}
		if _, ok, err := s.KeyBySecret(ctx, "dsk_madeup"); ok || err != nil {
			t.Errorf("a secret of no key: %v, %v", ok, err)
		}
		s.clock.MoveTo(s.clock.Now().Add(day))
		if valid() {
			t.Error("a key can be used past its end")
		}

		for _, wrong := range []access.KeyRequest{{}, {Name: "x"}, {Name: "x", Scopes: []access.Scope{"all"}}, {Name: "x", Scopes: q.Scopes, ExpiresAt: s.clock.Now()}} {
			if _, err := s.AddKey(ctx, process.Command{By: access.Operator}, wrong); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%+v was taken: %v", wrong, err)
			}
		}
		other, err := s.AddKey(ctx, process.Command{By: access.Operator}, access.KeyRequest{Name: "other", Scopes: []access.Scope{access.Admin}})
		must(t, err)
		if _, err := s.RevokeKey(ctx, process.Command{By: access.Operator}, other.Value.ID); err != nil {
			t.Error(err)
		}
		if _, ok, _ := s.KeyBySecret(ctx, other.Value.Secret); ok {
			t.Error("a key can be used that was revoked")
		}
		keys, err := s.Keys(ctx, "", 10)
		must(t, err)
		if len(keys) != 2 || keys[0].ID != other.Value.ID || keys[0].RevokedBy != access.Operator || keys[0].RevokedAt.IsZero() || !keys[1].RevokedAt.IsZero() {
			t.Errorf("the keys are %+v", keys)
		}
	})
}
