using RegistryProxy.Configuration;
using StackExchange.Redis;

namespace RegistryProxy.ServiceDefaults.Redis;

/// <summary>How hosts connect to Redis: they fail at once while it is away and come back within a second of it.</summary>
public static class RedisServer
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Reconnect = TimeSpan.FromMilliseconds(500);

    /// <summary>The options of a connection.</summary>
    /// <param name="redis">The server as configured.</param>
    /// <param name="field">The field that names it, for errors.</param>
    /// <exception cref="ConfigurationUnusableException">The connection cannot be read, or its password is missing.</exception>
    public static ConfigurationOptions Options(RedisConfiguration redis, string field)
    {
        var options = Parse(redis, field);
        options.AbortOnConnectFail = false;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ReconnectRetryPolicy = new LinearRetry((int)Reconnect.TotalMilliseconds);
        options.ConnectTimeout = options.AsyncTimeout = options.SyncTimeout = (int)Answer.TotalMilliseconds;
        options.KeepAlive = 5;
        options.ClientName = "registryproxy";
        return options;
    }

    private static ConfigurationOptions Parse(RedisConfiguration redis, string field)
    {
        ConfigurationOptions options;
        try
        {
            options = ConfigurationOptions.Parse(redis.Connection.Reveal());
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            throw new ConfigurationUnusableException(
                $"{field}.connection", "is not a connection of StackExchange.Redis, such as 127.0.0.1:6379,ssl=true");
        }

        try
        {
            options.Password = redis.Password?.Read().Reveal() ?? options.Password;
            return options;
        }
        catch (SecretUnavailableException fault)
        {
            throw new ConfigurationUnusableException($"{field}.password", fault.Message);
        }
    }
}
