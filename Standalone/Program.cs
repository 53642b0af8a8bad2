return await RegistryProxy.ServiceDefaults.Commands.HostCommand.Run(
    "RegistryProxy: gateway and silo in one process", args,
    RegistryProxy.Standalone.StandaloneApp.Run,
    new RegistryProxy.Silo.Admin.OnlineCheck(), new RegistryProxy.Silo.Admin.ExplainCheck(), new RegistryProxy.Silo.Storage.StateCheck());
