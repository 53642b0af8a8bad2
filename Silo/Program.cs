return await RegistryProxy.ServiceDefaults.Commands.HostCommand.Run(
    "RegistryProxy silo: the control plane and the admin listener", args, RegistryProxy.Silo.SiloApp.Run,
    new RegistryProxy.Silo.Admin.OnlineCheck(), new RegistryProxy.Silo.Admin.ExplainCheck(), new RegistryProxy.Silo.Storage.StateCheck());
