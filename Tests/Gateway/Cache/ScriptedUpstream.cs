using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>A registry that is a script: what it answers, and what it was asked. Requests get to it without a connection.</summary>
internal sealed class ScriptedUpstream : HttpMessageHandler
{
    private readonly ConcurrentQueue<string> _asked = new();

    /// <summary>What it answers.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage> Answer { get; set; } = _ => new HttpResponseMessage(HttpStatusCode.NotFound);

    /// <summary>Keeps answers back until it ends; <c>null</c> for no waiting.</summary>
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>What it was asked, as <c>METHOD /path</c>, with the range behind it where there is one.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>Forgets what it was asked.</summary>
    public void Clear() => _asked.Clear();

    /// <summary>200 with bytes whose length is said.</summary>
    public static HttpResponseMessage Ok(byte[] bytes, string type = "application/octet-stream", string? digest = null)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        if (digest is not null)
        {
            answer.Headers.Add("Docker-Content-Digest", digest);
        }

        return answer;
    }

    /// <summary>200 with a body that comes as a pipe is written to.</summary>
    public static HttpResponseMessage Ok(PipeReader body, long? length)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(body.AsStream()) };
        answer.Content.Headers.ContentLength = length;
        return answer;
    }

    /// <summary>206 with the rest of some bytes.</summary>
    public static HttpResponseMessage Rest(byte[] bytes, int from) => Part(bytes, from, bytes.Length - 1);

    /// <summary>206 with a part of some bytes, whose last one counts.</summary>
    public static HttpResponseMessage Part(byte[] bytes, int from, int to)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.PartialContent) { Content = new ByteArrayContent(bytes[from..(to + 1)]) };
        answer.Content.Headers.ContentRange = new ContentRangeHeaderValue(from, to, bytes.Length);
        return answer;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _asked.Enqueue($"{request.Method} {request.RequestUri!.AbsolutePath}{(request.Headers.Range is { } range ? $" {range}" : "")}");
        if (Hold is { } hold)
        {
            await hold.Task.WaitAsync(cancellationToken);
        }

        var answer = Answer(request);
        answer.RequestMessage = request;
        return answer;
    }
}
