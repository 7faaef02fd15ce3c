/** Suffixes under which strangers have names, beside those that the public suffix list calls private. */
export const SHARED_HOSTING: readonly string[] = [
  "akamaiedge.net",
  "akamaized.net",
  "amazonaws.com",
  "azure.com",
  "azureedge.net",
  "cloudapp.net",
  "cloudfront.net",
  "edgesuite.net",
  "fastly.net",
  "googleapis.com",
  "googleusercontent.com",
  "windows.net",
];
