// An empty stand-in: nothing that is built here imports this module, but CDI requires it.
module libguestfs.org/libnbd

go 1.26.0
