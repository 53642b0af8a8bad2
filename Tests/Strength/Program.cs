return await RegistryProxy.Tests.Strength.StrengthCommand.Run(args);
