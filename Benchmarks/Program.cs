return await RegistryProxy.Benchmarks.BenchmarkCommand.Run(args);
