using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>A stand-in for AWS STS that checks signatures as AWS does: real Signature Version 4, times included.</summary>
internal sealed class StsServer : IAsyncDisposable
{
    public const string AccessKey = "AKIAIOSFODNN7EXAMPLE";
    public const string SecretKey = "sts-canary-secret";
    public const string Host = "sts.eu-west-1.amazonaws.com";

    private RecordingUpstream _server = null!;

    public string Url => _server.Url;

    public int Calls => _server.Requests.Count;

    public string Arn { get; set; } = "arn:aws:sts::123456789012:assumed-role/node/i-0123456789abcdef0";

    public string UserId { get; set; } = "AROAEXAMPLE:i-0123456789abcdef0";

    public string Account { get; set; } = "123456789012";

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public static async Task<StsServer> Start()
    {
        var sts = new StsServer();
        sts._server = await RecordingUpstream.Start(sts.Serve);
        return sts;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task Serve(HttpContext context)
    {
        var query = context.Request.QueryString.Value!.TrimStart('?');
        var parameters = query.Split('&').Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        parameters.Remove("X-Amz-Signature", out var signature);
        var unsigned = AwsSignature.Query(parameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal));
        var expected = AwsSignature.Sign(
            unsigned, context.Request.Host.Value!, context.Request.Headers["X-RegistryProxy-Server-Id"].ToString(), SecretKey, parameters);
        var signed = DateTimeOffset.ParseExact(
            parameters["X-Amz-Date"], "yyyyMMdd'T'HHmmss'Z'", null, System.Globalization.DateTimeStyles.AssumeUniversal);
        if (expected != signature || Time.GetUtcNow() > signed.AddSeconds(int.Parse(parameters["X-Amz-Expires"])))
        {
            context.Response.StatusCode = 403;
            return context.Response.WriteAsync("<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>");
        }

        context.Response.ContentType = "text/xml";
        return context.Response.WriteAsync(
            $"<GetCallerIdentityResponse " +
            $"xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{Arn}</Arn><UserId>" +
            $"{UserId}</UserId><Account>" +
            $"{Account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetCallerIdentityResponse>");
    }
}
