using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// Tries everything that the configuration leads to, and prints a table of what came of it: all is well, or the step that fails.
/// </summary>
public sealed class OnlineCheck : ICheckStep
{
    private readonly Option<bool> _online = new("--online")
    {
        Description = "Also connects to each upstream (DNS, TCP, proxy, TLS, HTTP, challenge, credential), directories (bind, " +
            "search), issuers (discovery, keys), verifiers and Redis",
    };

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public IEnumerable<Option> Options => [_online];

    public async Task<bool> Run(ParseResult arguments, FrontDoorConfiguration configuration, CancellationToken cancellation)
    {
        if (!arguments.GetValue(_online))
        {
            return true;
        }

        using var upstreams = new UpstreamTrial(configuration, TimeProvider.System);
        using var authenticators = new AuthenticatorTrial(configuration, TimeProvider.System);
        var answers = (await Task.WhenAll(
        [
            .. configuration.Upstreams.Values.Select(upstream => Try(
                upstream.Name, async stop => await upstreams.Run(upstream, stop), cancellation)),
            .. configuration.Authenticators.Values.SelectMany(Parts).Select(part => Try(
                $"authenticator {part.Name}", stop => authenticators.Run(part.Authenticator, stop), cancellation)),
            .. Servers(configuration).Select(server => Try(
                server.Field, async _ => await RedisTrial.Run(server.Redis, server.Field), cancellation)),
        ])).OfType<Answer>().ToList();
        var width = answers.Select(answer => answer.Name.Length).DefaultIfEmpty().Max();
        foreach (var (name, step, text) in answers)
        {
            Console.WriteLine($"{name.PadRight(width)}  {(step is null ? "ok  " : "FAIL")}  {(step is null ? "" : $"{step}: ")}{text}");
        }

        return answers.TrueForAll(answer => answer.Step is null);
    }

    /// <summary>Of several clusters each is one to try.</summary>
    private static IEnumerable<(string Name, AuthenticatorConfiguration Authenticator)> Parts(AuthenticatorConfiguration configuration) =>
        configuration is KubernetesClustersConfiguration several
            ? several.Clusters.Select(cluster => ($"{several.Name}/{cluster.Key}", (AuthenticatorConfiguration)cluster.Value))
            : [(configuration.Name, configuration)];

    private static IEnumerable<(string Field, RedisConfiguration Redis)> Servers(FrontDoorConfiguration configuration) =>
        new[] { ("cluster.redis", configuration.Cluster.Redis), ("state.redis", configuration.State.Redis) }
            .Where(server => server.Item2 is not null).Select(server => (server.Item1, server.Item2!));

    private static async Task<Answer?> Try(
        string name, Func<CancellationToken, Task<(string? Step, string Text)?>> trial, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await trial(either.Token).WaitAsync(either.Token) is var (step, text) ? new Answer(name, step, text) : null;
        }
        catch (OperationCanceledException)
        {
            return new Answer(name, "time", $"no answer in {Timeout.TotalSeconds} s");
        }
    }

    private sealed record Answer(string Name, string? Step, string Text);
}
