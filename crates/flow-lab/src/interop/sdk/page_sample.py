import time
from openai import OpenAI, RateLimitError

client = OpenAI(
    api_key="YOUR_FLOW_API_KEY",
    base_url="https://api.flowapi.net/v1"
)

max_retries = 3

for attempt in range(max_retries):
    try:
        response = client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "Hello"}]
        )
        break
    except RateLimitError:
        wait_time = 2 ** attempt
        print(f"Rate limited. Retrying in {wait_time}s...")
        time.sleep(wait_time)
