// Command storefront is the back-end of a small shop window: it places the orders of its
// customers at a Doorstep server, is told by webhooks how they go on, and says so to the
// customers. README.md says how to try it.
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"doorstep/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("the storefront has ended", "error", err)
		os.Exit(1)
	}
}

// stopWithin is how long requests may take that run when the storefront is stopped.
const stopWithin = 10 * time.Second

// run serves until the context ends.
func run(ctx context.Context) error {
	receiver, err := client.NewReceiver(os.Getenv("STOREFRONT_SECRET"))
	if err != nil {
		return err
	}
	doorstep := client.New(cmp.Or(os.Getenv("DOORSTEP_URL"), "http://127.0.0.1:8420"), os.Getenv("DOORSTEP_KEY"))
	shop := newStorefront(doorstep, receiver)
	if err := shop.remember(ctx); err != nil {
		return err
	}
	server := &http.Server{
		Addr: cmp.Or(os.Getenv("STOREFRONT_LISTEN"), "127.0.0.1:8421"), Handler: shop,
		ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	slog.Info("the storefront is open", "at", server.Addr)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(server.Shutdown(last), ignore(<-ended, http.ErrServerClosed))
}

// ignore is the error, unless it is what is expected.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
