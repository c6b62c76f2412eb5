"""Rules of contact: may this letter go to this person now? Pure: facts and a moment in, a decision out.

windows    spans of calendar days: which past letters a rule looks at, and when they leave its view
quiet      the next moment outside quiet hours and closed days
rules      the policy as it concerns one campaign, each rule with its file and line
deciding   every rule in its order, the first that objects decides
"""
