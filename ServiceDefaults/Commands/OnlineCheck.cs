using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>Asks each upstream for <c>/v2/</c> and prints a table of the answers.</summary>
internal sealed class OnlineCheck : ICheckStep
{
    private readonly Option<bool> _online = new("--online") { Description = "Also asks each upstream whether it answers" };

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    public IEnumerable<Option> Options => [_online];

    public async Task<bool> Run(ParseResult arguments, FrontDoorConfiguration configuration, CancellationToken cancellation)
    {
        if (!arguments.GetValue(_online) || configuration.Upstreams.Count == 0)
        {
            return true;
        }

        var answers = await Task.WhenAll(configuration.Upstreams.Values.Select(upstream => Ask(upstream, cancellation)));
        var width = answers.Max(answer => answer.Name.Length);
        foreach (var (name, good, answer) in answers)
        {
            Console.WriteLine($"{name.PadRight(width)}  {(good ? "ok  " : "FAIL")}  {answer}");
        }

        return answers.All(answer => answer.Good);
    }

    private static async Task<(string Name, bool Good, string Answer)> Ask(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        using var invoker = new HttpMessageInvoker(UpstreamTransport.Create(upstream.AllowPrivate));
        using var request = new HttpRequestMessage(HttpMethod.Get, HttpOrigin.Of(upstream.Url).At(OriginForm.Of("/v2/")));
        try
        {
            using var response = await invoker.SendAsync(request, either.Token);
            var status = (int)response.StatusCode;
            return (upstream.Name, status is 200 or 401, status is 200 or 401 ? $"answers {status}" : $"answers {status} to /v2/: is this a registry?");
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            return (upstream.Name, false, fault is OperationCanceledException ? "no answer in 15 s" : fault.InnerException?.Message ?? fault.Message);
        }
    }
}
