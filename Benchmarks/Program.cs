BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(RegistryProxy.Benchmarks.PathBenchmarks).Assembly).Run(args);
