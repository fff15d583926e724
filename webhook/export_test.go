package webhook

import "net/netip"

// Public says whether an address is of the public Internet.
func Public(a netip.Addr) bool { return public(a) }

// The bounds that tests go to.
const MostHeld = mostHeld

// Schedule is how long is waited before each further try.
var Schedule = schedule
