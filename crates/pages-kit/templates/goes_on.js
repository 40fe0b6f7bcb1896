const onward = document.getElementById("onward");
const goOn = () => location.replace(onward.href);
addEventListener("load", goOn);
setTimeout(goOn, 3000);
