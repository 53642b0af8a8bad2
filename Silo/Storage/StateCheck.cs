using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Redis;

namespace RegistryProxy.Silo.Storage;

/// <summary>A part of <c>check</c>: whether the keys and the connection of the state can be had on this machine.</summary>
public sealed class StateCheck : ICheckStep
{
    public IEnumerable<Option> Options => [];

    public async Task<bool> Run(ParseResult arguments, FrontDoorConfiguration configuration, CancellationToken cancellation)
    {
        try
        {
            StateKeys.Read(configuration.State);
            if (configuration.State.Redis is { } redis)
            {
                RedisServer.Options(redis, "state.redis");
            }

            return true;
        }
        catch (ConfigurationUnusableException unusable)
        {
            await Console.Error.WriteLineAsync(unusable.Message);
            return false;
        }
    }
}
