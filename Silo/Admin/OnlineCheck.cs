using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// Tries everything that the configuration leads to, and prints a table of what came of it: all is well, the step that fails, or what
/// could not be proved, which is a failure with <c>--strict</c>.
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
                $"authenticator {part.Name}",
                async stop => await authenticators.Run(part.Authenticator, stop) is { } outcome ? Of(outcome) : null, cancellation)),
            .. Servers(configuration).Select(server => Try(
                server.Field, async _ => Of(await RedisTrial.Run(server.Redis, server.Field)), cancellation)),
        ])).OfType<Answer>().ToList();
        var width = answers.Select(answer => answer.Name.Length).DefaultIfEmpty().Max();
        foreach (var (name, (step, text, isDoubtful)) in answers)
        {
            var outcome = step is not null ? "FAIL" : isDoubtful ? "WARN" : "ok  ";
            Console.WriteLine($"{name.PadRight(width)}  {outcome}  {(step is null ? "" : $"{step}: ")}{text}");
        }

        return answers.TrueForAll(answer => answer.Outcome.Step is null)
            && !(arguments.GetValue<bool>("--strict") && answers.Exists(answer => answer.Outcome.IsDoubtful));
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
        string name, Func<CancellationToken, Task<UpstreamTrialAnswer?>> trial, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await trial(either.Token).WaitAsync(either.Token) is { } outcome ? new Answer(name, outcome) : null;
        }
        catch (OperationCanceledException)
        {
            return new Answer(name, new("time", $"no answer in {Timeout.TotalSeconds} s"));
        }
    }

    private static UpstreamTrialAnswer Of((string? Step, string Text) outcome) => new(outcome.Step, outcome.Text);

    private sealed record Answer(string Name, UpstreamTrialAnswer Outcome);
}
