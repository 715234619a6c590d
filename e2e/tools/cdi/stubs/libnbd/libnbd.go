// Package libnbd stands in for a module that is not published where modules are served. CDI's importer names it for
// its source VDDK alone, which is refused here.
package libnbd

import "errors"

// As libnbd.h has them.
const (
	CMD_FLAG_REQ_ONE uint32 = 8
	STATE_HOLE       uint32 = 1
	STATE_ZERO       uint32 = 2
)

var errNotBuilt = errors.New("the source VDDK is not built in")

// CmdFlag is a set of flags of a command.
type CmdFlag = uint32

// LibnbdError is what libnbd reports.
type LibnbdError struct{ Op, Errmsg string }

func (e *LibnbdError) Error() string { return e.Op + ": " + e.Errmsg }

// ExtentCallback gets stretches of a disk.
type ExtentCallback func(metacontext string, offset uint64, entries []uint32, error *int) int

// PreadOptargs has no option here.
type PreadOptargs struct{}

// BlockStatusOptargs are the flags of a question for stretches.
type BlockStatusOptargs struct {
	Flags    CmdFlag
	FlagsSet bool
}

// Libnbd is a connection, which cannot be made.
type Libnbd struct{}

// Create says that there is no connection to be had.
func Create() (*Libnbd, error) { return nil, errNotBuilt }

func (*Libnbd) AddMetaContext(string) error               { return errNotBuilt }
func (*Libnbd) ConnectUri(string) error                   { return errNotBuilt }
func (*Libnbd) GetSize() (uint64, error)                  { return 0, errNotBuilt }
func (*Libnbd) Pread([]byte, uint64, *PreadOptargs) error { return errNotBuilt }
func (*Libnbd) Close() *LibnbdError                       { return nil }
func (*Libnbd) BlockStatus(uint64, uint64, ExtentCallback, *BlockStatusOptargs) error {
	return errNotBuilt
}
