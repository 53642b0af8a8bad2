using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>The engine is another program: what it answers counts against a bound while it is read.</summary>
internal sealed class EngineAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>The largest answer that is read, in bytes; a list has about a thousand for each image.</summary>
    public const int MaxAnswer = 64 * 1024 * 1024;

    /// <summary>The longest line of a pull's stream that is read, in bytes; the stream has no end of its own.</summary>
    public const int MaxLine = 1024 * 1024;

    private const string Pulls = "/images/create";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var isPull = response.IsSuccessStatusCode && request.RequestUri!.AbsolutePath.EndsWith(Pulls, StringComparison.Ordinal);
        var max = isPull ? MaxLine : MaxAnswer;
        var whole = new StreamContent(new LimitedStream(
            await response.Content.ReadAsStreamAsync(cancellationToken), max, isPull,
            () => new InvalidDataException($"the Docker Engine answered more than {max} bytes{(isPull ? " in one line" : "")}")));
        foreach (var (name, values) in response.Content.Headers)
        {
            whole.Headers.TryAddWithoutValidation(name, values);
        }

        response.Content = whole;
        return response;
    }
}
