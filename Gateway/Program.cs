return await RegistryProxy.ServiceDefaults.Commands.HostCommand.Run(
    "RegistryProxy gateway: the data plane", args, RegistryProxy.Gateway.GatewayApp.Run,
    RegistryProxy.Configuration.ConfigurationPart.Gateway);
