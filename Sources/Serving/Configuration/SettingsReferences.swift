/// Versions that a model's settings and its labels name, looked up among those that would be served.
struct SettingsReferences {
  let folder: ModelFolder
  let settings: ModelSettings
  let selection: VersionSelection
  /// The registry says what is in service.
  let isManaged: Bool

  var findings: [Finding] { policy + labels + split + canary }

  private func isServed(_ number: Int) -> Bool { selection.numbers.contains(number) }

  /// Why a version does not answer.
  private func absence(_ number: Int) -> String {
    folder.versions.contains(number)
      ? "version \(number), which is not in service" : "version \(number), which is not there"
  }

  private func finding(_ severity: Finding.Severity, _ message: String, _ remedy: String) -> Finding {
    Finding(severity, folder.settingsFile, message, remedy: remedy)
  }

  private var policy: [Finding] {
    guard !isManaged, case .specific(let numbers) = settings.versionPolicy else { return [] }
    return numbers.filter { !isServed($0) }.map { number in
      finding(.error, "version_policy names \(absence(number))", "add the version, or name another one")
    }
  }

  private var labels: [Finding] {
    selection.labels.sorted { $0.key < $1.key }.filter { !isServed($0.value) }.map { label, number in
      finding(
        .error, "the label '\(label)' names \(absence(number))", "put the version into service, or move the label")
    }
  }

  private var split: [Finding] {
    guard let weights = settings.traffic.split else { return [] }
    var findings = weights.keys.sorted().filter { !isServed($0) }.map { number in
      finding(
        .warning, "traffic.split names \(absence(number)): the others get its share",
        "put the version into service, or leave it out")
    }
    if !weights.contains(where: { isServed($0.key) && $0.value > 0 }) {
      findings.append(
        finding(
          .warning, "traffic.split has no effect: no version that it names is in service", "name versions that are"))
    }
    return findings
  }

  private var canary: [Finding] {
    guard let canary = settings.traffic.canary else { return [] }
    guard isServed(canary.version) else {
      return [
        finding(
          .warning, "traffic.canary names \(absence(canary.version)): nothing is on trial",
          "put the version into service, or remove the canary")
      ]
    }
    guard let weights = settings.traffic.split, weights[canary.version] ?? 0 == 0 else { return [] }
    return [
      finding(
        .warning, "traffic.canary names version \(canary.version), which gets no share of traffic.split",
        "give it a share")
    ]
  }
}
