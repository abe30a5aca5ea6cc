extension Registry {
  /// The folder in which a repository's registry lies once there is one.
  public static func folder(in repository: String) -> String { RepositoryLayout(root: repository).registry }
}
