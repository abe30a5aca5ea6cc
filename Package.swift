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
    // What serving speaks HTTP and gRPC with.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    // The registry's database, and what clients speak HTTP and measure with.
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // Shims: C and C++ behind C headers; no policy.
    .systemLibrary(name: "CryptoShim", path: "Sources/Shims/Crypto"),
    .systemLibrary(name: "BLASShim", path: "Sources/Shims/BLAS"),
    .systemLibrary(name: "ZipShim", path: "Sources/Shims/Zip"),
    .systemLibrary(name: "ZlibShim", path: "Sources/Shims/Zlib"),
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
    .target(name: "JSONShim", path: "Sources/Shims/JSON", linkerSettings: [.linkedLibrary("simdjson")]),
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
    .target(
      name: "MassJSON", dependencies: ["MassRuntime", "JSONShim"], path: "Sources/JSON", swiftSettings: swiftSettings),
    .target(
      name: "MassServingProtocol", dependencies: [protobuf], path: "Sources/Serving/Protocol",
      exclude: ["inference.proto", "health.proto"], swiftSettings: generatedSettings),
    .target(
      name: "MassServing",
      dependencies: [
        "MassRuntime", "MassFormats", "MassJSON", "MassRegistry", "MassSecurity", "MassServingProtocol", "CryptoShim",
        "ThreadsShim", "ZlibShim", protobuf,
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/Serving", exclude: ["Protocol"], swiftSettings: swiftSettings),
    .target(
      name: "MassRegistry",
      dependencies: ["MassFormats", "MassJSON", "CryptoShim", .product(name: "GRDB", package: "GRDB.swift")],
      path: "Sources/Registry", swiftSettings: swiftSettings),
    .target(
      name: "MassSecurity", dependencies: ["MassRuntime", "MassFormats", "MassJSON", "CryptoShim"],
      path: "Sources/Security", swiftSettings: swiftSettings),
    .target(
      name: "MassClient",
      dependencies: [
        "MassRuntime", "MassFormats", "MassJSON", "CryptoShim",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      path: "Sources/Client", swiftSettings: swiftSettings),
    .executableTarget(
      name: "mass",
      dependencies: [
        "MassRuntime", "MassCompiler", "MassDefaults", "MassFormats", "MassServing", "MassClient", "MassRegistry",
        "MassSecurity", argumentParser,
        .product(name: "Logging", package: "swift-log"),
      ],
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
    .testTarget(
      name: "JSONTests", dependencies: ["MassJSON", "MassRuntime"], path: "Tests/JSONTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ServingTests", dependencies: ["MassServing", "MassRegistry", "MassJSON", "MassRuntime", "OperatorCases"],
      path: "Tests/ServingTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RegistryTests", dependencies: ["MassRegistry", "MassFormats", "MassJSON"], path: "Tests/RegistryTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SecurityTests", dependencies: ["MassSecurity", "MassJSON", "MassFormats"], path: "Tests/SecurityTests",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ClientTests", dependencies: ["MassClient", "MassJSON", "MassRuntime"], path: "Tests/ClientTests",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "FuzzReaders", dependencies: ["MassCompiler", "MassRuntime", "OperatorCases"], path: "Tests/Fuzz",
      exclude: ["README.md"], swiftSettings: swiftSettings),
  ],
  cxxLanguageStandard: .cxx17
)
