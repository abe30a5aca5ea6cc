/// The version of the compiler, as plans record it.
public enum Version {
  public static let string = "0.1.0"
}
