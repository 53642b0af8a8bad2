using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Upstreams;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.Silo.Admin;

/// <summary>Tries each upstream and prints a table of what came of it: all is well, or the step that fails.</summary>
public sealed class OnlineCheck : ICheckStep
{
    private readonly Option<bool> _online =
        new("--online") { Description = "Also tries each upstream: name, connection, proxy, TLS, HTTP, challenge, credential" };

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public IEnumerable<Option> Options => [_online];

    public async Task<bool> Run(ParseResult arguments, FrontDoorConfiguration configuration, CancellationToken cancellation)
    {
        if (!arguments.GetValue(_online) || configuration.Upstreams.Count == 0)
        {
            return true;
        }

        using var trial = new UpstreamTrial(configuration, TimeProvider.System);
        var answers = await Task.WhenAll(
            configuration.Upstreams.Values.Select(async upstream => (upstream.Name, Answer: await Try(trial, upstream, cancellation))));
        var width = answers.Max(answer => answer.Name.Length);
        foreach (var (name, (step, text)) in answers)
        {
            Console.WriteLine($"{name.PadRight(width)}  {(step is null ? "ok  " : "FAIL")}  {(step is null ? "" : $"{step}: ")}{text}");
        }

        return answers.All(answer => answer.Answer.Step is null);
    }

    private static async Task<(string? Step, string Text)> Try(
        UpstreamTrial trial, UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await trial.Run(upstream, either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return ("HTTP", $"no answer in {Timeout.TotalSeconds} s");
        }
    }
}
