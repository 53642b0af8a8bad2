using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>The status of a call that passes through here (gRPC over HTTP/2): in the trailers, or in the headers when there is nothing else.</summary>
internal static class GrpcAnswer
{
    private const string StatusHeader = "grpc-status";
    private const string MessageHeader = "grpc-message";

    public static void Fail(HttpContext context, StatusCode code, string message) => Fail(context, new Status(code, message));

    /// <summary>Answers with a failure and nothing else.</summary>
    public static void Fail(HttpContext context, Status status)
    {
        context.Response.Clear();
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        context.Response.Headers[StatusHeader] = ((int)status.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        context.Response.Headers[MessageHeader] = Encode(status.Detail);
    }

    /// <summary>The status that was forwarded, with its message.</summary>
    public static (string Status, string Message) Read(HttpContext context)
    {
        var trailers = context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var status = trailers?[StatusHeader].ToString() is { Length: > 0 } trailing ? trailing : context.Response.Headers[StatusHeader].ToString();
        var message = trailers?[MessageHeader].ToString() is { Length: > 0 } words ? words : context.Response.Headers[MessageHeader].ToString();
        return (status, Uri.UnescapeDataString(message));
    }

    /// <summary>Printable ASCII but the percent sign stands for itself.</summary>
    private static string Encode(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var value in Encoding.UTF8.GetBytes(message))
        {
            _ = value is >= 0x20 and <= 0x7e and not (byte)'%' ? text.Append((char)value) : text.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
