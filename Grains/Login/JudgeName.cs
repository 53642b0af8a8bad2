using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Login;

/// <summary>Who decided a login, as metrics name it: the operator's authenticators by their name, those of tenants together.</summary>
internal static class JudgeName
{
    /// <summary>The result with that name.</summary>
    public static LoginResult Of(IConfigurationFeed configuration, string tenant, LoginResult result)
    {
        var judge = result.Judge.Length > 0 ? result.Judge : result.Authenticator;
        return judge.Length > 0 && configuration.Current.Configuration.Authenticators.ContainsKey($"{tenant}/{judge}")
            ? result with { Judge = LoginResult.OwnJudge } : result;
    }
}
