package bench

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is what was measured on.
type Machine struct {
	System    string `json:"system"`    // operating system and architecture
	Processor string `json:"processor"` // "" where it is not told
	Cores     int    `json:"cores"`
	Memory    int64  `json:"memory_bytes"` // 0 where it is not told
	Go        string `json:"go"`
}

func thisMachine() Machine {
	return Machine{
		System: runtime.GOOS + "/" + runtime.GOARCH, Processor: field("/proc/cpuinfo", "model name"),
		Cores: runtime.NumCPU(), Memory: kilobytes(field("/proc/meminfo", "MemTotal")), Go: runtime.Version(),
	}
}

// field returns the first value of a name in a file of the kernel's, "" where there
// is none: https://www.kernel.org/doc/html/latest/filesystems/proc.html.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kilobytes reads a number as the kernel writes it, in bytes.
func kilobytes(s string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(s, " kB"), 10, 64)
	return n * 1024
}

// forgetPeak has the kernel forget how much memory the process had at most.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peak is how much memory the process has had at most, resident, in bytes; where
// the kernel does not tell, what Go has asked it for.
func peak() int64 {
	if n := kilobytes(field("/proc/self/status", "VmHWM")); n > 0 {
		return n
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
