// swift-tools-version: 6.3
import PackageDescription

/// Every Swift target is built alike: language mode 6, warnings are errors, unsafe code is marked.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// Generated code does not mark what is unsafe.
let generatedSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "mass",
  products: [
    .executable(name: "mass", targets: ["mass"]),
    .library(name: "MassRuntime", targets: ["MassRuntime"]),
    .library(name: "MassCompiler", targets: ["MassCompiler"]),
    .library(name: "MassDefaults", targets: ["MassDefaults"]),
    // scripts/build-libmass links libmass.so from this target's objects.
    .library(name: "MassCABI", type: .static, targets: ["MassCABI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Without its traits it needs FoundationEssentials only, not Foundation and ICU.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    // Shims: C and C++ behind C headers; no policy.
    .systemLibrary(name: "CryptoShim", path: "Sources/Shims/Crypto"),
    .systemLibrary(name: "BLASShim", path: "Sources/Shims/BLAS"),
    .systemLibrary(name: "ZipShim", path: "Sources/Shims/Zip"),
    .target(
      name: "ThreadsShim", path: "Sources/Shims/Threads",
      linkerSettings: [.unsafeFlags(["-Xlinker", "-l:libgomp.so.1"])]),
    .target(
      name: "VectorShim", dependencies: ["ThreadsShim"], path: "Sources/Shims/Vector",
      // Highway includes each kernel file again, once per instruction set.
      cxxSettings: [.headerSearchPath(".")], linkerSettings: [.linkedLibrary("hwy")]),
    .target(name: "OneDNNShim", path: "Sources/Shims/OneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(
      name: "ONNXShim", path: "Sources/Shims/ONNX",
      linkerSettings: [.linkedLibrary("onnx_proto"), .linkedLibrary("protobuf")]),
    .target(
      name: "ImageShim", path: "Sources/Shims/Image", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),

    // The library.
    .target(
      name: "MassPlanFormat", dependencies: [protobuf], path: "Sources/PlanFormat", exclude: ["plan.proto"],
      swiftSettings: generatedSettings),
    .target(
      name: "MassRuntime", dependencies: ["MassPlanFormat", "CryptoShim", "ThreadsShim", protobuf],
      path: "Sources/Runtime", swiftSettings: swiftSettings),
    .target(
      name: "MassCompiler", dependencies: ["MassRuntime", "ONNXShim"], path: "Sources/Compiler",
      swiftSettings: swiftSettings),

    // Plugins know Runtime and never each other.
    .target(
      name: "MassOneDNN", dependencies: ["MassRuntime", "OneDNNShim"], path: "Sources/Plugins/OneDNN",
      swiftSettings: swiftSettings),
    .target(
      name: "MassVector", dependencies: ["MassRuntime", "VectorShim"], path: "Sources/Plugins/Vector",
      swiftSettings: swiftSettings),
    .target(
      name: "MassBLAS", dependencies: ["MassRuntime", "BLASShim"], path: "Sources/Plugins/BLAS",
      swiftSettings: swiftSettings),
    .target(
      name: "MassDefaults", dependencies: ["MassRuntime", "MassOneDNN", "MassVector", "MassBLAS"],
      path: "Sources/Defaults", swiftSettings: swiftSettings),

    // Faces.
    .target(name: "CMass", path: "Sources/CABI/CMass"),
    .target(
      name: "MassCABI", dependencies: ["CMass", "MassRuntime", "MassCompiler", "MassDefaults"],
      path: "Sources/CABI/Swift", swiftSettings: swiftSettings),
    .target(
      name: "MassFormats", dependencies: ["MassRuntime", "ZipShim", "ImageShim"], path: "Sources/Formats",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "mass", dependencies: ["MassRuntime", "MassCompiler", "MassDefaults", "MassFormats", argumentParser],
      path: "Sources/CLI", swiftSettings: swiftSettings),

    // Tests: rows of operators, and suites that run them.
    .target(
      name: "OperatorCases", dependencies: ["MassRuntime", "CryptoShim"], path: "Tests/OperatorCases",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RuntimeTests", dependencies: ["MassRuntime", "OperatorCases"], path: "Tests/RuntimeTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CompilerTests", dependencies: ["MassCompiler", "MassDefaults", "OperatorCases"],
      path: "Tests/CompilerTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "BackendTests", dependencies: ["MassCompiler", "MassDefaults", "OperatorCases"], path: "Tests/BackendTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "FormatsTests", dependencies: ["MassFormats", "MassRuntime"], path: "Tests/FormatsTests",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "FuzzReaders", dependencies: ["MassCompiler", "MassRuntime", "OperatorCases"], path: "Tests/Fuzz",
      exclude: ["README.md"], swiftSettings: swiftSettings),
  ],
  cxxLanguageStandard: .cxx17
)
