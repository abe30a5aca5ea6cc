#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func removeFile(_ path: String) { unsafe _ = unlink(path) }
