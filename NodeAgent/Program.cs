return await RegistryProxy.NodeAgent.Commands.AgentCommand.Run(args);
