using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace RegistryProxy.Silo.Admin;

/// <summary>Tries a Redis: connection, TLS, password, an answer.</summary>
internal static class RedisTrial
{
    /// <param name="redis">The server.</param>
    /// <param name="field">The field that names it.</param>
    public static async Task<(string? Step, string Text)> Run(RedisConfiguration redis, string field)
    {
        try
        {
            var options = RedisServer.Options(redis, field);
            (options.AbortOnConnectFail, options.ConnectRetry) = (true, 1);
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            var took = await connection.GetDatabase().PingAsync();
            return (null, $"answers in {took.TotalMilliseconds:0} ms");
        }
        catch (ConfigurationUnusableException fault)
        {
            return ("credential", fault.Message);
        }
        catch (RedisConnectionException fault)
        {
            return (fault.FailureType == ConnectionFailureType.AuthenticationFailure || IsPassword(fault) ? "credential" : "connection",
                IsPassword(fault) ? "it refuses the password" : $"{fault.FailureType}: it does not answer");
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            return IsPassword(fault) ? ("credential", "it refuses the password, or wants one") : ("answer", "it answers no PING");
        }
    }

    private static bool IsPassword(Exception fault) =>
        fault.ToString() is var text && (text.Contains("WRONGPASS") || text.Contains("NOAUTH") || text.Contains("invalid password"));
}
