import ArgumentParser

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Publishes versions of models and decides which are in service.",
    discussion: """
      Works on a repository's folder (--repository) or through a server (--server). The variables MASS_REPOSITORY and \
      MASS_SERVER say which where neither option does. A server that runs on the folder takes a change over within \
      about a second.

      EXAMPLES
        mass model publish digits digits.onnx --activate --repository models
        mass model list --repository models
        mass model activate digits 2 --server http://localhost:8000
        mass model rollback digits --server http://localhost:8000
      """,
    subcommands: [
      PublishModelCommand.self, ListModelsCommand.self, ShowModelCommand.self, ActivateModelCommand.self,
      DeactivateModelCommand.self, RollbackModelCommand.self, LabelModelCommand.self, RemoveModelCommand.self,
      ModelLogCommand.self,
    ])

  /// What the help of every change says of folders that are served.
  static let takeover = "A server that runs on the folder of --repository takes this over within about a second."
}
