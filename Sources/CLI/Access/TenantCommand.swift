import ArgumentParser
import MassFormats
import MassSecurity

struct TenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tenant", abstract: "Says which models the keys of a tenant reach, and how much they may ask for.",
    discussion: """
      Tenants stand in the access file that 'mass key' works on. \(AccessFileOptions.takeover)

      EXAMPLES
        mass tenant set acme --models 'acme-*' --rate 100 --quota 100000 --period 1d --access access.json
        mass tenant list --access access.json
        mass tenant remove acme --access access.json
      """,
    subcommands: [SetTenantCommand.self, ListTenantsCommand.self, RemoveTenantCommand.self])
}

struct SetTenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Adds a tenant, or replaces all that is said of one.",
    discussion: """
      An access file that is missing is begun. \(AccessFileOptions.takeover)

      EXAMPLES
        mass tenant set acme --models 'acme-*' --models shared --access access.json
        mass tenant set acme --models 'acme-*' --quota 100000 --period 1d --access access.json
      """)

  @Argument(help: "The tenant's name.")
  var name: String

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Models that none of its keys reaches beyond; may be repeated.", valueName: "pattern"))
  var models: [ModelPatternArgument]

  @OptionGroup var limits: RateOptions

  @Option(help: ArgumentHelp("Requests in a period. (default: no quota)", valueName: "n"))
  var quota: Int?

  @Option(help: ArgumentHelp("The period of the quota.", valueName: "1d"))
  var period = DurationArgument(seconds: 86_400)

  @OptionGroup var file: AccessFileOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard let quota else { return }
    guard Quota.requestRange.contains(quota) else {
      throw ValidationError("--quota: expected 1 to \(Quota.requestRange.upperBound), got \(quota)")
    }
    guard Quota.periodRange.contains(period.seconds) else {
      throw ValidationError("--period: expected 1s to 366d, got \(period.seconds)s")
    }
  }

  func run() throws {
    let tenant = Tenant(
      name: name, models: models.map(\.pattern), limit: try limits.limit,
      quota: quota.flatMap { Quota(requests: $0, period: period.seconds) })
    let keys = try file.change(creating: true) { (policy) throws(AccessError) in
      try policy.setTenant(tenant)
      return policy.keys(of: tenant)
    }
    if output.json {
      print(tenant.json(keys: keys).text())
    } else if !output.quiet {
      print("tenant \(name): \(tenant.models.map(\.description).joined(separator: ", ")), \(Text.count(keys, "key"))")
    }
  }
}

struct ListTenantsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Shows the tenants of an access file.",
    discussion: """
      EXAMPLES
        mass tenant list --access access.json
      """)

  @OptionGroup var file: AccessFileOptions

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() throws {
    let policy = try file.read()
    if json {
      let tenants = policy.tenants.map { $0.json(keys: policy.keys(of: $0)) }
      print((["tenants": .array(tenants)] as JSON).text())
    } else {
      print(policy.tenants.isEmpty ? "no tenants" : Tenant.table(policy))
    }
  }
}

struct RemoveTenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Takes out a tenant that has no keys.",
    discussion: """
      EXAMPLES
        mass tenant remove acme --access access.json
      """)

  @Argument(help: "The tenant's name.")
  var name: String

  @OptionGroup var file: AccessFileOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try file.change { (policy) throws(AccessError) in try policy.removeTenant(name) }
    if output.json {
      print((["removed": .string(name)] as JSON).text())
    } else if !output.quiet {
      print("tenant \(name): removed")
    }
  }
}
