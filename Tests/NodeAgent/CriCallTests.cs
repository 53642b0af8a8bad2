using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using RegistryProxy.NodeAgent.Images.Cri;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>A call to the image service behind this one that is cut is a status of gRPC, and leaves nothing open.</summary>
public sealed class CriCallTests
{
    [Fact]
    public async Task A_call_that_is_given_up_underneath_is_unavailable()
    {
        var (context, answer) = await Send((_, _) => throw new TaskCanceledException("the connection was closed"));
        Assert.Null(answer);
        Assert.Equal($"{(int)StatusCode.Unavailable}", context.Response.Headers["grpc-status"]);
        Assert.Contains("aborted the call: the connection was closed", context.Response.Headers["grpc-message"].ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_breaks_off_is_disposed(bool isCanceled)
    {
        using var body = new BrokenBody(isCanceled ? new OperationCanceledException("given up") : new IOException("reset"));
        var (context, answer) = await Send((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = body }));
        Assert.Null(answer);
        Assert.True(body.IsDisposed);
        Assert.Equal($"{(int)StatusCode.Unavailable}", context.Response.Headers["grpc-status"]);
    }

    [Fact]
    public async Task A_caller_that_has_left_is_told_nothing()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        var (context, answer) = await Send((_, cancellation) => Task.FromCanceled<HttpResponseMessage>(cancellation), gone.Token);
        Assert.Null(answer);
        Assert.False(context.Response.Headers.ContainsKey("grpc-status"));
    }

    private static async Task<(HttpContext Context, CriAnswer? Answer)> Send(
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> runtime, CancellationToken aborted = default)
    {
        var (settings, errors) = SettingsFile.Parse(
            "runtime: { type: cri, endpoint: \"unix:///run/none.sock\" }\nfrontDoors: [{ url: \"https://a.example\", identity: { type: " +
            "azure, authenticator: a } }]",
            "nodeagent.yaml");
        Assert.Empty(errors);
        using var invoker = new HttpMessageInvoker(new Runtime(runtime));
        using var channel = new CriChannel(settings!, TimeProvider.System) { Invoker = invoker };
        var context = new DefaultHttpContext { RequestAborted = aborted };
        return (context, await new CriCall(channel).Send(context, "/runtime.v1.ImageService/PullImage", [0, 0, 0, 0, 0]));
    }

    private sealed class Runtime(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            answer(request, cancellationToken);
    }

    private sealed class BrokenBody(Exception fault) : HttpContent
    {
        public bool IsDisposed { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.FromException(fault);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
