using System.Text;
using Grpc.Core;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// The status of a call that passes through here (gRPC over HTTP/2): in the trailers, or in the headers when there is nothing else.
/// </summary>
internal static class GrpcAnswer
{
    public const string StatusField = "grpc-status";
    public const string MessageField = "grpc-message";

    public static void Fail(HttpContext context, StatusCode code, string message) => Fail(context, new Status(code, message));

    /// <summary>Answers with a failure and nothing else.</summary>
    public static void Fail(HttpContext context, Status status)
    {
        context.Response.Clear();
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        context.Response.Headers[StatusField] = ((int)status.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        context.Response.Headers[MessageField] = Encode(status.Detail);
    }

    /// <summary>Printable ASCII but the percent sign stands for itself.</summary>
    public static string Encode(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var value in Encoding.UTF8.GetBytes(message))
        {
            _ = value is >= 0x20 and <= 0x7e and not (byte)'%'
                ? text.Append((char)value)
                : text.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
