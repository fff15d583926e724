# Every check of the house. `make` lists the targets; `make test` runs them all.

# The program needs no C: only the race detector does.
export CGO_ENABLED = 0

# How many packages are built and tested at once.
JOBS ?= 2
# How long each fuzz target runs in `make fuzz`.
FUZZTIME ?= 3s
# How many sequences `make model` plays.
MODEL ?= 10000
# Which benchmarks `make bench` and `make compare` run, and what is compared with.
BENCH ?= .
BASE ?= HEAD~1

# The race detector makes the pure-Go SQLite slow: `-short` keeps the data
# small, and what starts the program as a child gains nothing from it, nor what
# plays through virtual time with no goroutine of its own (importer, sim).
RACE_EXEMPT = doorstep/cmd/doorstep doorstep/examples/storefront doorstep/internal/house doorstep/importer doorstep/sim
# What does one thing after the other, with no goroutines but those of the
# database, which the other tests have at work: `make unit` runs it.
RACE_SKIP = ^Test(WhatPeopleSee|AServerSaysTheSame|BadInput|JSON|Help|FlagsFromTheEnvironment|WhatBeginsAsANumber|AKeyStandsForWhatWasTyped|DemoRepeats|DemoAsJSON|DemoSaysHowFarItIs|$\
TheDocumentIsDrawnFromTheTables|Simulate|SimulateAsJSON|SeveralSeedsAsJSON|ARunOfAnotherSeedIsNotTheSame|ASimulatedShopIsKept|BenchAsText|DemoThatCanNotKeepItsReport|$\
TheSameSeedGivesTheSameHistory|AnOutageCostsNothing|TheDefaultAsksUntilItIsKnown|ATicketWithoutAnOrderIsNotForgotten|ShopsKeepTheirBooks|$\
AStatusNeverGoesBack|NoOrderStandsAsItMustNot|$\
PagesAreForEveryone|LittleIsLoadedFirst|AHealthyShopIsCleanAfterEveryStep|EveryCorruptionIsNamed|NothingThatAPersonDoesBreaksTheBooks|ParcelsGoAstrayAtTheirRates)$$

# Where the tests keep their files: in memory, where there is enough of it, since
# most of what they wait for otherwise is the disk.
SCRATCH = $(shell scripts/scratch)

.DEFAULT_GOAL := help
.PHONY: help test install build format vet lint document unit race fuzz crash model pictures bench compare profile clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target what; do printf '%-9s%s\n' "$$target" "$$what"; done

test: ## everything below up to fuzz, with a summary (logs: .cache/logs)
	@scripts/test install build format vet lint document unit race fuzz

install: ## what the tests need and this machine lacks (Debian packages)
	@scripts/install

build: ## the program, as bin/doorstep, of 60 MB at most
	go build -p $(JOBS) ./...
	go build -trimpath -o bin/doorstep ./cmd/doorstep
	@scripts/size bin/doorstep 60

format: ## is every Go file as gofmt would have it?
	@scripts/format

vet: ## go vet
	go vet -p $(JOBS) ./...

lint: ## the linters and the arrows between the rooms (.golangci.yml)
	@scripts/lint

document: ## the linters of docs/openapi.json (redocly, spectral)
	@scripts/document

unit: ## all tests, the crash test among them
	TMPDIR=$(SCRATCH) go test -p $(JOBS) -count=1 -shuffle=on -vet=off ./...

race: ## the tests on small data under the race detector (needs gcc)
	@TMPDIR=$(SCRATCH) CGO_ENABLED=1 scripts/race $(JOBS) '$(RACE_SKIP)' $(RACE_EXEMPT)

fuzz: ## each fuzz target for FUZZTIME (3s)
	@scripts/fuzz $(FUZZTIME) $(JOBS)

crash: install ## the crash test, for longer
	go test ./cmd/doorstep -count=1 -timeout=2h -v -run TestCrash -crash.long

model: install ## the model test with MODEL random sequences (10,000)
	TMPDIR=$(SCRATCH) go test ./process -count=1 -timeout=12h -v -run TestShopsKeepTheirBooks -rapid.checks=$$(( $(MODEL) / 5 ))

pictures: ## the pictures of the console in README, anew
	go test ./cli -run TestPicturesOfTheConsole -count 1 -pictures $(CURDIR)/docs/images

bench: install ## the benchmarks that match BENCH (all)
	go test -p 1 -run '^$$' -bench '$(BENCH)' -benchmem ./...

compare: ## the same as they were at the commit BASE, in turns, and benchstat
	@scripts/compare '$(BENCH)' '$(BASE)'

profile: build ## where the time of the process goes (.cache/process.cpu)
	bin/doorstep bench --callers 64 --groups 256 --paced 0 --cpuprofile .cache/process.cpu
	go tool pprof -top -cum -nodecount=40 bin/doorstep .cache/process.cpu

clean: ## remove what was built
	rm -rf .cache bin
