// A stand-in: see libnbd.go.
module libguestfs.org/libnbd

go 1.26.0
