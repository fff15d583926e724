// Command doorstep runs everything between checkout and doorstep. Its verbs are
// in package cli.
package main

import (
	"os"

	"doorstep/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
