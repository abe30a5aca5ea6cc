import MassBLAS
import MassOneDNN
import MassRuntime
import MassVector

/// What `mass` and `libmass` contain. The plugins listed first are asked first for a kernel.
public enum DefaultPlugins {
  public static let all: [any RuntimePlugin] = [OneDNNPlugin(), VectorPlugin(), BLASPlugin()]
}
