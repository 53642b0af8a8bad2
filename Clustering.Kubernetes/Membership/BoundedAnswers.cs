namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>Reads each answer of the API server whole, within a bound in bytes and within the time of its request.</summary>
internal sealed class BoundedAnswers : DelegatingHandler
{
    /// <summary>A page of pods, each with some ten kilobytes of status and managed fields.</summary>
    public const int MaxAnswer = 32 * 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        try
        {
            await answer.Content.LoadIntoBufferAsync(MaxAnswer, cancellationToken);
            return answer;
        }
        catch (Exception fault)
        {
            answer.Dispose();
            throw fault is HttpRequestException
                ? new HttpRequestException(
                    $"the answer of the API server to {request.Method} {request.RequestUri?.AbsolutePath} has more " +
                    $"than {MaxAnswer} bytes, or ended early", fault)
                : fault;
        }
    }
}
