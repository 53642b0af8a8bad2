using Microsoft.AspNetCore.Http;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>Answers of STS, as its query protocol has them.</summary>
internal static class AwsXml
{
    public static Task Assumed(HttpContext context, string action, string role, string session, AwsKeys keys)
    {
        context.Response.ContentType = "text/xml";
        return context.Response.WriteAsync($"""
            <{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
            <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId><Arn>{role.Replace(":iam:", ":sts:").Replace(":role/", ":assumed-role/")}/{session}</Arn></AssumedRoleUser>
            <Credentials><AccessKeyId>{keys.Id}</AccessKeyId><SecretAccessKey>{keys.Secret}</SecretAccessKey><SessionToken>{keys.Token}</SessionToken><Expiration>{keys.Expires:yyyy-MM-ddTHH:mm:ssZ}</Expiration></Credentials>
            </{action}Result><ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></{action}Response>
            """);
    }

    public static Task Refuse(HttpContext context, int status, string code)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "text/xml");
        return context.Response.WriteAsync(
            $"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>" +
            $"{code}</Code><Message>canary words of AWS</Message></Error><RequestId>x</RequestId></ErrorResponse>");
    }
}
