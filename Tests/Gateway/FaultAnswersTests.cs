using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Requests;

namespace RegistryProxy.Tests.Gateway;

/// <summary>
/// What is audited and counted of a request that ended in a fault is what the client was told, and no success when it had left.
/// </summary>
public sealed class FaultAnswersTests
{
    private readonly FaultAnswers _faults = new(NullLogger<FaultAnswers>.Instance);

    [Fact]
    public void A_fault_is_an_error_and_nothing_is_left_of_the_answer_before_it()
    {
        (Exception Fault, int Status)[] faults =
        [
            (new ClusterUnavailableException(new TimeoutException()), 503), (new InvalidOperationException("a fault"), 500),
            (new IOException("a fault"), 500),
            (new OperationCanceledException(), 500), (new BadHttpRequestException("too large", StatusCodes.Status413PayloadTooLarge), 413),
        ];
        Assert.All(faults, fault =>
        {
            var context = Answering();
            Assert.Equal(fault.Status, _faults.Answer(context, fault.Fault)!.Status);
            Assert.False(context.Response.Headers.ContainsKey("Docker-Content-Digest"));
        });
    }

    [Fact]
    public void A_client_that_has_left_was_not_answered()
    {
        foreach (var fault in (Exception[])[new OperationCanceledException(), new IOException("reset"),
            new BadHttpRequestException("the body breaks off")])
        {
            var context = Answering();
            context.RequestAborted = new CancellationToken(canceled: true);
            Assert.Null(_faults.Answer(context, fault));
            Assert.Equal((499, null), (context.Response.StatusCode, context.Response.ContentLength));
        }
    }

    private static DefaultHttpContext Answering()
    {
        var context = new DefaultHttpContext();
        context.Response.Headers["Docker-Content-Digest"] = "sha256:0";
        context.Response.ContentLength = 5;
        return context;
    }
}
