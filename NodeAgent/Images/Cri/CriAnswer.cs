using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Images.Pulls;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// How a pull ended, wherever the runtime says it: in the trailers, or in the headers when there is no message. An outage of a registry
/// gets the prefix by which kubelet knows it, unless the runtime set it already; the rest of the runtime's words stay.
/// </summary>
internal sealed class CriAnswer : IDisposable
{
    private const string Unknown = "2";
    private const string Unavailable = "RegistryUnavailable";

    private readonly HttpResponseMessage _response;
    private readonly string _status;

    public CriAnswer(HttpResponseMessage response)
    {
        _response = response;
        var fields = response.TrailingHeaders.Contains(GrpcAnswer.StatusField) ? response.TrailingHeaders : response.Headers;
        _status = ValueOf(fields, GrpcAnswer.StatusField);
        Message = Uri.UnescapeDataString(ValueOf(fields, GrpcAnswer.MessageField));
        if (_status == Unknown && PullFailure.IsOutage(Message) && !Message.StartsWith(Unavailable, StringComparison.Ordinal))
        {
            fields.Remove(GrpcAnswer.MessageField);
            fields.TryAddWithoutValidation(GrpcAnswer.MessageField, GrpcAnswer.Encode($"{Unavailable}: {Message}"));
        }
    }

    public string Message { get; }

    public bool Succeeded => _status == "0";

    /// <summary>Answers a call with it.</summary>
    public async Task WriteTo(HttpContext context)
    {
        context.Response.StatusCode = (int)_response.StatusCode;
        await HttpTransformer.Empty.TransformResponseAsync(context, _response, context.RequestAborted);

        // Without a message the status stands in the header, which then must end the answer.
        var message = await _response.Content.ReadBytes(GrpcMessage.MaxMessage + GrpcMessage.Prefix, context.RequestAborted);
        if (message.Length > 0)
        {
            await context.Response.Body.WriteAsync(message, context.RequestAborted);
        }

        await HttpTransformer.Empty.TransformResponseTrailersAsync(context, _response, context.RequestAborted);
    }

    public void Dispose() => _response.Dispose();

    private static string ValueOf(System.Net.Http.Headers.HttpHeaders fields, string name) =>
        fields.NonValidated.TryGetValues(name, out var values) ? values.ToString() : "";
}
